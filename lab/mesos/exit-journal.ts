/** What a process wants written before it ends by itself; the master journals its reason here. */
export const exitJournal: { write: (reason: string) => void } = { write: () => undefined };
