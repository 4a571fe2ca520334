export function EditMonitorPage() {
  return null;
}
