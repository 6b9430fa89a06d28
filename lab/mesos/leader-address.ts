import { ipText, type MasterInfo } from './zk/master-info.js';

/** UPID of a master, for example `master@10.0.0.1:5050`; older MasterInfos carry none. */
export function leaderPid(info: MasterInfo): string {
  return info.pid ?? `master@${ipText(info.ip)}:${info.port}`;
}

/** Name to reach a master by, as its MasterInfo says. */
export function leaderHostname(info: MasterInfo): string {
  return info.hostname ?? ipText(info.ip);
}
