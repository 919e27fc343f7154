// Package dashboard serves a page on this machine that draws each HPA over time: values against targets, replicas,
// decisions and Events.
//
// It owns the page, its server, and the history that the page draws: each read of the cluster is a reading, and the
// newest readings are kept while the server runs, so that a reload of the page shows them. In flow overviews of package
// overview; out flow readings as JSON. What is unknown is null and says why.
//
// The server listens on loopback. It answers a request only if its Host header is of loopback, so that a name of
// somebody else cannot lead a browser to it, and gives readings only to who has the token of its URL, so that other
// users of the machine get none. The token stands in the fragment of the URL, which a browser sends to nobody. The server
// logs nothing, and serves no other URL of anybody: a browser that follows its Content-Security-Policy loads nothing
// from elsewhere.
//
// A [Server] runs once. A cluster that cannot be read is a reading with a problem and without HPAs.
package dashboard
