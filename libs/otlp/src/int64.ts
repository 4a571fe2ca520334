/** A 64-bit integer as protobufjs takes it; where it has no sign, the bits are the same. */
export function halves(int: bigint): { low: number; high: number; unsigned: boolean } {
  return {
    low: Number(BigInt.asIntN(32, int)),
    high: Number(BigInt.asIntN(32, int >> 32n)),
    unsigned: false,
  };
}
