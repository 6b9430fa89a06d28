/**
 * Pings one agent (src/master/master.cpp `SlaveObserver`): ping, wait, count a miss, ping again; a pong
 * starts the count anew, and the last miss in a row calls `onDead`.
 */
export class AgentObserver {
  private missed = 0;
  private answered = true;
  private connected = true;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly limits: { readonly pingTimeoutMs: number; readonly maxTimeouts: number },
    private readonly sendPing: (connected: boolean) => void,
    private readonly onDead: () => void,
  ) {}

  start(): void {
    this.ping();
  }

  pong(): void {
    this.missed = 0;
    this.answered = true;
  }

  /** A disconnected agent is told so with every ping, which makes it register again. */
  setConnected(connected: boolean): void {
    this.connected = connected;
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private ping(): void {
    this.answered = false;
    this.sendPing(this.connected);
    this.timer = setTimeout(() => {
      if (!this.answered) this.missed += 1;
      if (this.missed >= this.limits.maxTimeouts) {
        this.missed = 0;
        this.onDead();
      }
      if (this.timer !== null) this.ping();
    }, this.limits.pingTimeoutMs);
  }
}
