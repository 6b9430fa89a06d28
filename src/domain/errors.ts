/** Match on `code`: classes do not survive Temporal's serialisation, messages get reworded. */
export abstract class FerryError extends Error {
  abstract readonly code: `FERRY_${string}`;
  /** False when repeating the call cannot help: a person or another plan is needed. */
  abstract readonly retryable: boolean;
  /** What the operator can do; one sentence. */
  readonly remedy: string = 'see the message';
  readonly host: string | null = null;
  /** Where it is about several hosts, all of them. */
  readonly hosts?: readonly string[];
  override get name(): string {
    return this.constructor.name;
  }
}
