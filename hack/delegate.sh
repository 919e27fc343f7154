# Takes the place of another adapter and keeps its metrics: a part of deploy.sh, which sets what it uses. It has three
# steps, and requests are answered before, between and after them: the other adapter is written down as the delegate,
# ours is started and ready, and only then the APIServices send requests to ours.

# kinds KEEP KIND prints the manifests of a kind (KEEP=only), or all but them (KEEP=without).
kinds() {
  kubectl kustomize "$manifests" | awk -v keep="$1" -v kind="kind: $2" '
    function flush() {
      if (text != "" && (keep == "only") == of) printf "---\n%s", text
      text = ""; of = 0
    }
    $0 == "---" { flush(); next }
    $0 == kind { of = 1 }
    { text = text $0 "\n" }
    END { flush() }'
}

delegate() {
  kubectl kustomize "$manifests" | grep -q -e '- --delegate-to=' ||
    fail "$manifests delegates to nobody: list components/delegate in its kustomization"
  kinds only Namespace | "${apply[@]}" -f -
  if [ "${#foreign[@]}" -gt 0 ]; then
    write_delegate
  elif ! kubectl -n "$name" get configmap "$name-delegate" >/dev/null 2>&1; then
    fail "Nothing to delegate to: no other Service has the APIServices of $group, and there is no ConfigMap $name-delegate." \
      "Install the other adapter first, or leave DELEGATE=1 out."
  fi
  kinds without APIService | "${apply[@]}" --force-conflicts -f -
  kubectl -n "$name" rollout status "deployment/$name" --timeout=5m
  take
  "${apply[@]}" --force-conflicts -k "$manifests"
}

# write_delegate writes down the Service that serves now, with what its certificate is verified by.
write_delegate() {
  local version to authority
  to=$(field "${foreign[0]}" '{.spec.service.namespace}/{.spec.service.name}:{.spec.service.port}')
  to=${to%:}
  for version in "${foreign[@]}"; do
    [ "$(field "$version" '{.spec.service.namespace}/{.spec.service.name}')" = "${to%:*}" ] ||
      fail "Nothing was taken: the APIServices belong to two Services, and requests can be sent on to one."
  done
  if [ -n "${DELEGATE_CA:-}" ]; then
    authority=$(cat "$DELEGATE_CA")
  else
    authority=$(field "${foreign[0]}" '{.spec.caBundle}' | base64 -d)
  fi
  [ -n "$authority" ] ||
    fail "Nothing was taken: the APIService ${foreign[0]}.$group has no caBundle, so nobody knows by what the certificate of" \
      "$to is verified. Give that adapter a certificate of an authority, and say DELEGATE_CA=<file with the authority>."
  kubectl -n "$name" create configmap "$name-delegate" --dry-run=client -o yaml \
    --from-literal=to="$to" --from-literal=server-name="${DELEGATE_SERVER_NAME:-}" --from-literal=ca.crt="$authority"$'\n' |
    "${apply[@]}" --force-conflicts -f -
  echo "requests for metrics that are not of Redis will be sent on to $to" >&2
}

# take has each APIService send requests to ours, by the authority that ours has: in one write, since with one and not
# the other it would be answered by nobody.
take() {
  local version priority bundle port
  port=$(kinds only APIService | sed -n 's/^ *port: //p' | head -n 1)
  bundle=$(kubectl -n "$name" get secret "$name-tls" --ignore-not-found -o 'jsonpath={.data.ca\.crt}')
  bundle=${bundle:-$(kubectl -n "$name" get secret "$name-serving" --ignore-not-found -o 'jsonpath={.data.ca\.crt}')}
  [ -n "$bundle" ] || fail "Nothing was taken: the adapter has made no certificate yet. Look at its log, and try again."
  for version in v1beta1 v1beta2; do
    priority=$([ "$version" = v1beta2 ] && echo 200 || echo 100)
    local spec='"service":{"namespace":"'$name'","name":"'$name'","port":'"${port:-443}"'},"caBundle":"'$bundle'","groupPriorityMinimum":100,"versionPriority":'$priority
    if [ -n "$(field "$version" '{.metadata.name}')" ]; then
      kubectl patch apiservice "$version.$group" --type=merge -p '{"spec":{"insecureSkipTLSVerify":null,'"$spec"'}}'
    else
      echo '{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"'"$version.$group"'"},"spec":{"group":"'$group'","version":"'$version'",'"$spec"'}}' |
        kubectl create -f -
    fi
  done
}
