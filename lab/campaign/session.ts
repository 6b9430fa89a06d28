/** `--zk_session_timeout` of the lab's masters and agents, ms: what a fault did to sessions is over so long after it. */
export const SESSION_MS = 10_000;
