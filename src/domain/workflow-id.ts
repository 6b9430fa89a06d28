/** One migration per cluster: its id is the cluster's. */
export function workflowIdOf(cluster: string): string {
  return `zkferry-${cluster}`;
}
