package faults

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

const (
	// shortestReread and longestReread are the shortest and the longest time between two reads of a Secret. After a failed
	// authentication, the time is the shortest, and doubles while reads bring nothing new.
	// Source: doubtGap and rereadPeriod, with its jitter, in pkg/credentials/manager.go.
	shortestReread, longestReread = 3 * time.Second, 36 * time.Second
	// rereading is within what time of a repair the adapter reads the Secret. No fault outlasts the second read, after
	// which the time is four times shortestReread.
	rereading = 4 * shortestReread
)

// secrets returns the rows of credentials, at the server and in the Secret.
func secrets() []Fault {
	row := func(f Fault, inject func(context.Context, *Subject, func()) error) Fault {
		f.Scope = Credentials
		f.inject = func(ctx context.Context, s *Subject, hold func()) error {
			if err := s.renewed(ctx); err != nil {
				return err
			}
			return inject(ctx, s, hold)
		}
		return f
	}
	lost := func(f Fault, inject func(context.Context, *Subject, func()) error) Fault {
		f.Levels, f.Rates, f.Within, f.Rereads = verifier.Holds, verifier.Holds, 2, true
		return row(f, inject)
	}
	return []Fault{
		lost(Fault{Name: "the password changes in Redis, and later in the Secret", How: "ACL SETUSER, CLIENT KILL; edit of the Secret",
			Reasons: []reason.Reason{reason.AuthenticationFailed}}, passwordChanged),
		row(Fault{Name: "the password changes in Redis and in the Secret, connections stay", How: "ACL SETUSER, edit of the Secret", Within: 1, Brief: true},
			rotated),
		row(Fault{Name: "the password changes in Redis and in the Secret, connections are lost", How: "ACL SETUSER, edit of the Secret, CLIENT KILL",
			Rates: verifier.Renews, Within: 3, Brief: true}, rotatedAndCut),
		row(Fault{Name: "the ACL denies the keys of declared metrics", How: "ACL SETUSER resetkeys", Within: 2,
			Except: []Exception{except("each metric that reads a key", verifier.Refuses, verifier.MadeOf(verifier.AnyKey)),
				// It is unknown what a script called before it was refused a key.
				except("`requests-per-second`", verifier.Renews, []string{verifier.RequestsPerSecond, "command-latency-mean-microseconds"})}}, keysTaken),
		row(Fault{Name: "the Secret is deleted, the connection stays", How: "delete, create", Within: 1},
			unreadable(false, reason.SecretNotFound, (*Secret).delete, (*Secret).create)),
		lost(Fault{Name: "the Secret is deleted, the connection is lost", How: "delete, CLIENT KILL, create", Reasons: []reason.Reason{reason.SecretNotFound}},
			unreadable(true, reason.SecretNotFound, (*Secret).delete, (*Secret).create)),
		row(Fault{Name: "the adapter loses the right to the Secret, the connection stays", How: "RoleBinding deleted, and created again", Within: 1},
			unreadable(false, reason.SecretForbidden, (*Secret).revoke, (*Secret).grant)),
		lost(Fault{Name: "the adapter loses the right to the Secret, the connection is lost", How: "RoleBinding deleted, CLIENT KILL, RoleBinding created again",
			Reasons: []reason.Reason{reason.SecretForbidden}},
			unreadable(true, reason.SecretForbidden, (*Secret).revoke, (*Secret).grant)),
	}
}

// sentence returns the text of an error with a reason.
func sentence(failure reason.Reason) string {
	const of = "the Secret that spec.auth.passwordSecretRef names"
	switch failure {
	case reason.SecretNotFound:
		return of + " does not exist"
	case reason.SecretForbidden:
		return "the adapter may not read " + of
	}
	return (&reason.Error{Reason: failure}).Error()
}

// disconnectSampling returns the command that closes all connections of the adapter's
// replicas.
func disconnectSampling() []any { return []any{"client", "kill", "user", sampling} }

func passwordChanged(ctx context.Context, s *Subject, hold func()) error {
	s.Secret.passwords++
	err := errors.Join(s.Accept(ctx), s.operate(ctx, disconnectSampling()))
	hold()
	return errors.Join(err, s.changes(ctx, s.Secret.edit))
}

// rotate changes the password at the server and in the Secret. Redis keeps connections that used the old
// one.
func (s *Subject) rotate(ctx context.Context) error {
	s.Secret.passwords++
	return errors.Join(s.Accept(ctx), s.changes(ctx, s.Secret.edit))
}

func rotated(ctx context.Context, s *Subject, hold func()) error {
	hold()
	err := s.rotate(ctx)
	return errors.Join(err, s.awaitNextRead(ctx, func(ctx context.Context, _ string) error { return s.renewed(ctx) }))
}

// rotatedAndCut closes the connections when the Secret may be read at once. Another object may have had it read just
// before. Then it is read once more, which brings nothing new, so the time is twice shortestReread after that.
func rotatedAndCut(ctx context.Context, s *Subject, hold func()) error {
	verifier.Sleep(ctx, 3*shortestReread)
	hold()
	return errors.Join(s.rotate(ctx), s.operate(ctx, disconnectSampling()))
}

func keysTaken(ctx context.Context, s *Subject, hold func()) error {
	err := s.operate(ctx, []any{"acl", "setuser", sampling, "resetkeys"})
	hold()
	return errors.Join(err, s.Accept(ctx))
}

// unreadable makes the Secret unreadable for the adapter, waits until each replica has noticed, and restores it. The
// server would accept the old credentials all the time.
func unreadable(cut bool, failure reason.Reason, takes, gives func(*Secret, context.Context) error) func(context.Context, *Subject, func()) error {
	return func(ctx context.Context, s *Subject, hold func()) error {
		err := takes(s.Secret, ctx)
		err = errors.Join(err, s.awaitNextRead(ctx, func(ctx context.Context, other string) error { return s.reported(ctx, other, failure) }))
		if cut {
			err = errors.Join(err, s.operate(ctx, disconnectSampling()))
		}
		hold()
		return errors.Join(err, s.restoreSecret(ctx, func(ctx context.Context) error { return gives(s.Secret, ctx) }))
	}
}

// reported waits until each replica of the adapter reports a failure of an object. A replica may read the Secret before
// the API server knows that the right is gone, and again only some seconds later.
func (s *Subject) reported(ctx context.Context, object string, failure reason.Reason) error {
	for n, adapter := range s.Adapters {
		api, err := verifier.NewAPI(adapter.Config("operator", user.SystemPrivilegedGroup), s.Secret.namespace)
		if err != nil {
			return err
		}
		if err := s.until(ctx, fmt.Sprintf("%s reports %s", ReplicaName(n), failure), func(ctx context.Context) bool {
			answer := verifier.Ask(ctx, api, object, verifier.Expectation{Metric: verifier.Keys})
			return answer.Err != nil && strings.Contains(answer.Err.Error(), sentence(failure))
		}); err != nil {
			return err
		}
	}
	return nil
}
