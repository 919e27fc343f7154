// Package image makes container images out of files, with no builder and no registry, in the form that
// "docker load" and "ctr images import" read.
//
// [Adapter] describes the image that the Dockerfile builds, from a binary that is there already; a test holds the two
// together. [Redis] describes one of this machine's redis-server with the libraries it is linked against, and [Program]
// one of a static program. [Image.Save] writes an image into a file.
//
// The same files give the same bytes: the files have no time and belong to root. An Image is a value, and may be saved
// from several goroutines. Errors name the file that cannot be read or written.
package image
