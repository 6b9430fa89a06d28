export { zkServersOf } from '../../lab/stage/zk-connections.js';
