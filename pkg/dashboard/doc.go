// Package dashboard serves a page on this machine that draws each HPA over time: values and targets, replicas,
// decisions and Events.
//
// It owns the page, its server, and the history that the page draws. Each read of the cluster makes a reading. The
// newest readings are kept while the server runs, so a reload of the page shows them. In flow overviews of package
// overview, out flow readings as JSON. An unknown value is null, with the reason.
//
// The server listens on loopback. It answers a request only if its Host header names loopback, so a foreign name cannot
// lead a browser to it. It gives readings only to clients that have the token of its URL, so other users of the machine
// get none. The token is in the fragment of the URL, which a browser sends to nobody. The server logs nothing. A
// browser that follows its Content-Security-Policy loads nothing from elsewhere.
//
// A [Server] runs once. If the cluster cannot be read, the reading has a problem and no HPAs.
package dashboard
