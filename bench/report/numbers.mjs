// Statistics.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/// Undefined without values.
export function spread(values) {
  if (values.length === 0) return undefined;
  return { least: Math.min(...values), median: median(values), most: Math.max(...values) };
}
