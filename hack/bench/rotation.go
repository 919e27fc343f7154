package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

const (
	// sharers are the objects that name one Secret.
	sharers = 1000
	// sharedName names the Secret, and the Role that lets the adapter get it; sharedUser is who it is the password of.
	sharedName, sharedUser = "shared", "sampling"
	// mostRotated is the time from one read of a Secret to the next, and the interval within which each object is sampled
	// with what was read.
	mostRotated = 36*time.Second + interval
)

// rotation measures what a new password in a Secret costs that 1,000 objects share, beyond their sampling.
func (h *harness) rotation(ctx context.Context, c *caller) (_ []Figure, err error) {
	s, err := h.share(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.client.Close()) }()
	if err := s.await(ctx, 0); err != nil {
		return nil, err
	}
	before, err := c.scrape(ctx)
	if err != nil {
		return nil, err
	}
	cpu, took, err := beyondRest(ctx, h.adapter.PID(), measured/2, func() error { return s.rotate(ctx) })
	if err != nil {
		return nil, err
	}
	after, err := c.scrape(ctx)
	if err != nil {
		return nil, err
	}
	failed, _ := after.samples()
	failedBefore, _ := before.samples()
	if failed > failedBefore {
		return nil, fmt.Errorf("%.0f samples failed while a password was changed that the server takes beside the one before", failed-failedBefore)
	}
	return []Figure{
		{Name: "rotation of a Secret that 1,000 objects share, CPU for each", Value: cpu.Seconds() / sharers * 1e3, Unit: "ms"},
		{Name: "rotation until all of them use what is new", Value: took.Seconds(), Unit: "s", Limit: mostRotated.Seconds()},
	}, nil
}

// shared is a server that asks for the password in the Secret.
type shared struct {
	harness *harness
	server  *redisServer
	client  *redis.Client // of a user who needs none
}

// share has the first objects name one server, and one Secret for it.
func (h *harness) share(ctx context.Context) (*shared, error) {
	server, err := startRedis(ctx, "127.0.0.1", "--bind", "0.0.0.0")
	if err != nil {
		return nil, err
	}
	h.servers = append(h.servers, server)
	s := &shared{harness: h, server: server, client: server.dial()}
	user := s.client.Do(ctx, "acl", "setuser", sharedUser, "on", ">first", "-@all", "+info", "+echo", "+select", "+client|setname")
	if err := user.Err(); err != nil {
		return nil, err
	}
	if err := h.grant(ctx); err != nil {
		return nil, err
	}
	return s, h.each(ctx, 0, sharers, func(ctx context.Context, client dynamic.ResourceInterface, n int) error {
		patch, err := json.Marshal(map[string]any{"spec": map[string]any{"address": server.addressOf(n), "auth": map[string]any{
			"username": sharedUser, "passwordSecretRef": map[string]any{"name": sharedName, "key": "password"},
		}}})
		if err != nil {
			return err
		}
		_, err = client.Patch(ctx, objectName(n), types.MergePatchType, patch, metav1.PatchOptions{})
		return err
	})
}

// grant makes the Secret, and lets the adapter get it.
func (h *harness) grant(ctx context.Context) error {
	meta := metav1.ObjectMeta{Name: sharedName}
	_, errSecret := h.client.CoreV1().Secrets(namespace).Create(ctx, secretOf("first"), metav1.CreateOptions{})
	_, errRole := h.client.RbacV1().Roles(namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{sharedName}, Verbs: []string{"get"}},
	}}, metav1.CreateOptions{})
	_, errBinding := h.client.RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: sharedName},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: cluster.AdapterName, Name: cluster.AdapterName}},
	}, metav1.CreateOptions{})
	return errors.Join(errSecret, errRole, errBinding)
}

func secretOf(password string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: sharedName}, StringData: map[string]string{"password": password}}
}

// rotate has the server take a second password, writes it into the Secret, and waits until every connection was made again.
func (s *shared) rotate(ctx context.Context) error {
	// A connection that is made now has a larger ID than those that there were.
	mark := s.server.dial()
	defer func() { _ = mark.Close() }()
	last, err := mark.ClientID(ctx).Result()
	if err != nil {
		return err
	}
	if err := s.client.Do(ctx, "acl", "setuser", sharedUser, ">second").Err(); err != nil {
		return err
	}
	if _, err := s.harness.client.CoreV1().Secrets(namespace).Update(ctx, secretOf("second"), metav1.UpdateOptions{}); err != nil {
		return err
	}
	return s.await(ctx, last)
}

// await returns when all objects have a connection that was made after the one with an ID, and none that was made before.
func (s *shared) await(ctx context.Context, last int64) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	return until(ctx, 200*time.Millisecond, func() (bool, error) {
		list, err := s.client.ClientList(ctx).Result()
		if err != nil {
			return false, err
		}
		connected := 0
		for line := range strings.Lines(list) {
			if !strings.Contains(line, " user="+sharedUser+" ") {
				continue
			}
			var id int64
			if _, err := fmt.Sscanf(line, "id=%d ", &id); err != nil {
				return false, fmt.Errorf("CLIENT LIST: %w: %.40q", err, line)
			}
			if id <= last {
				return false, nil
			}
			connected++
		}
		return connected == sharers, nil
	})
}
