export function LeaderboardsPage() {
  return null;
}
