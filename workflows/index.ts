export { migrateCluster } from './migrate-cluster.js';
export { rollFleet } from './roll-fleet.js';
export { cutOver } from './cut-over.js';
