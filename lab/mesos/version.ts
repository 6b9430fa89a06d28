/** The Mesos release whose behaviour and fields the miniature shows. */
export const MESOS_VERSION = '1.11.0';

const BUILT_AT = 1_598_000_000;

/** Body of `/version`. */
export function versionJson(): Record<string, string | number> {
  return {
    build_date: new Date(BUILT_AT * 1000).toISOString().replace('T', ' ').slice(0, 19),
    build_time: BUILT_AT,
    build_user: 'mini',
    version: MESOS_VERSION,
  };
}
