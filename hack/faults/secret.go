package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// sampling is the user of the adapter if an object names a Secret, and key is the Secret's key for its password.
const sampling, key = "sampling", "password"

// rights returns the rights of the user: what deploy/docs/credentials.md requires, and reading the keys of declared
// metrics.
func rights() []any {
	return []any{"resetkeys", "~*", "-@all", "+@read", "+info", "+echo", "+select", "+client|setname", "+time", "+pubsub|numsub", "+eval_ro"}
}

// Secret is a Secret that an object names, the adapter's right to it, and the server that requires its password. It is
// used by one goroutine.
type Secret struct {
	client          kubernetes.Interface
	namespace, name string
	objects         *Objects
	address         string
	// passwords counts the passwords so far.
	passwords int
	// past are the connections from before the Secret last changed, and changed is when it did. same means that the
	// change restored the earlier content.
	past    []string
	changed time.Time
	same    bool
}

// NewSecret creates a Secret, and the adapter's right to it. Its object names the server at an
// address.
func NewSecret(ctx context.Context, client kubernetes.Interface, objects *Objects, namespace, name, address string) (*Secret, error) {
	s := &Secret{client: client, namespace: namespace, name: name, objects: objects, address: address, passwords: 1}
	role := &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{name}, Verbs: []string{"get"}}},
	}
	if _, err := client.RbacV1().Roles(namespace).Create(ctx, role, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	if err := s.grant(ctx); err != nil {
		return nil, err
	}
	return s, s.create(ctx)
}

// Where returns the part of a spec that names the server, the user and the Secret.
func (s *Secret) Where() map[string]any { return s.as(sampling) }

func (s *Secret) as(user string) map[string]any {
	where := At(s.address)
	where["auth"] = map[string]any{"username": user, "passwordSecretRef": map[string]any{"name": s.name, "key": key}}
	return where
}

// Accept makes the server require a password of everybody, and accept the newest.
func (s *Subject) Accept(ctx context.Context) error {
	user := append([]any{"acl", "setuser", sampling, "on", "resetpass", ">" + s.Secret.password()}, rights()...)
	return s.operate(ctx, []any{"acl", "setuser", "default", "off"}, user)
}

func (s *Secret) password() string { return fmt.Sprint("password ", s.passwords) }

func (s *Secret) content() *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: s.name}, StringData: map[string]string{key: s.password()}}
}

func (s *Secret) create(ctx context.Context) error {
	_, err := s.client.CoreV1().Secrets(s.namespace).Create(ctx, s.content(), metav1.CreateOptions{})
	return err
}

func (s *Secret) edit(ctx context.Context) error {
	_, err := s.client.CoreV1().Secrets(s.namespace).Update(ctx, s.content(), metav1.UpdateOptions{})
	return err
}

func (s *Secret) delete(ctx context.Context) error {
	return s.client.CoreV1().Secrets(s.namespace).Delete(ctx, s.name, metav1.DeleteOptions{})
}

func (s *Secret) grant(ctx context.Context) error {
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: s.name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: s.name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: cluster.AdapterName, Name: cluster.AdapterName}},
	}
	_, err := s.client.RbacV1().RoleBindings(s.namespace).Create(ctx, binding, metav1.CreateOptions{})
	return err
}

func (s *Secret) revoke(ctx context.Context) error {
	return s.client.RbacV1().RoleBindings(s.namespace).Delete(ctx, s.name, metav1.DeleteOptions{})
}

// connections returns the connections of the adapter's replicas.
func (s *Subject) connections(ctx context.Context) ([]string, error) {
	client := s.operator()
	defer func() { _ = client.Close() }()
	list, err := client.ClientList(ctx).Result()
	var found []string
	for line := range strings.Lines(list) {
		if id, rest, _ := strings.Cut(line, " "); strings.Contains(rest, " user="+sampling+" ") {
			found = append(found, id)
		}
	}
	return found, err
}

// changes changes the Secret, and records the connections from before.
func (s *Subject) changes(ctx context.Context, do func(context.Context) error) error {
	past, err := s.connections(ctx)
	if err != nil {
		return err
	}
	err = do(ctx)
	s.Secret.past, s.Secret.changed, s.Secret.same = past, time.Now(), false
	return err
}

// restoreSecret restores the Secret to what it was before it became unreadable.
func (s *Subject) restoreSecret(ctx context.Context, do func(context.Context) error) error {
	err := s.changes(ctx, do)
	s.Secret.same = true
	return err
}

// renewed waits until each replica of the adapter has a connection with the password in the
// Secret.
func (s *Subject) renewed(ctx context.Context) error {
	return s.until(ctx, "connections by the newest password", func(ctx context.Context) bool {
		connections, err := s.connections(ctx)
		return err == nil && len(connections) >= len(s.Adapters) && s.Secret.read(connections, time.Now())
	})
}

// read reports whether every replica of the adapter has read the Secret since it was changed, as a new connection
// shows. A replica that never noticed that the Secret was gone keeps its old connection, but reads the Secret within
// longestReread.
func (s *Secret) read(connections []string, now time.Time) bool {
	old := slices.ContainsFunc(connections, func(id string) bool { return slices.Contains(s.past, id) })
	return !old || s.same && now.Sub(s.changed) > longestReread
}

// awaitNextRead waits for an effect of the adapter's next read of the Secret. It makes that happen soon, by another object
// that also names the Secret, with a user that the server does not know.
func (s *Subject) awaitNextRead(ctx context.Context, until func(ctx context.Context, other string) error) error {
	other := s.Object + "-other"
	if err := s.Objects.create(ctx, other, s.Secret.as("nobody")); err != nil {
		return err
	}
	return errors.Join(until(ctx, other), s.Objects.delete(ctx, other))
}
