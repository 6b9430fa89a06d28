// Not mocha's `node-option`: for that mocha starts a second process, which a time-out here would not end.
process.setSourceMapsEnabled(true);
