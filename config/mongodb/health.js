// The container's health check, run by mongosh: a replica set of one member, which the first check makes, is healthy
// once it takes writes. The password is read from the environment, so that no command line shows it.
// By the container's name: while it creates the root user, the first server listens on loopback only.
const admin = connect("mongodb://mongodb:27017/admin?directConnection=true&serverSelectionTimeoutMS=5000");
admin.auth(process.env.MONGO_INITDB_ROOT_USERNAME, process.env.MONGO_INITDB_ROOT_PASSWORD);
const server = admin.hello();
if (server.setName === undefined) {
  // Other containers find it by this name; clients on the host connect directly (config/settings.py).
  admin.adminCommand({ replSetInitiate: { _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] } });
}
quit(server.isWritablePrimary && server.setName !== undefined ? 0 : 1);
