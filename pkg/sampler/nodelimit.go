package sampler

// maxNodes bounds how many nodes of a cluster are sampled for one object, each over
// a connection of its own.
const maxNodes = 128

// maxReplicas bounds how many replicas of one primary outside of a cluster are
// sampled, each over a connection of its own.
const maxReplicas = 64
