{{/* The names are fixed: the APIServices are of the whole cluster, so that there is one adapter in it. */}}
{{- define "redis-metrics-adapter.labels" -}}
app.kubernetes.io/name: redis-metrics-adapter
app.kubernetes.io/part-of: redis-metrics
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "redis-metrics-adapter.podLabels" -}}
app.kubernetes.io/name: redis-metrics-adapter
{{- end }}

{{- define "redis-metrics-adapter.subjects" -}}
- kind: ServiceAccount
  name: redis-metrics-adapter
  namespace: {{ .Release.Namespace }}
{{- end }}

{{- define "redis-metrics-adapter.prometheusSubjects" -}}
- kind: ServiceAccount
  name: {{ .Values.prometheus.serviceAccount.name }}
  namespace: {{ .Values.prometheus.serviceAccount.namespace }}
{{- end }}

{{/*
The objects of a file that "make generate" copied here from deploy, with Helm's labels and in the release's namespace,
where the adapter's ServiceAccount is as well.
Arguments: the root, the file, what else to merge into the metadata; and, if given, fields by the kind and name of the
object that they are merged into.
*/}}
{{- define "redis-metrics-adapter.objects" -}}
{{- $root := index . 0 }}
{{- $more := index . 2 }}
{{- $fields := dict }}
{{- if gt (len .) 3 }}
{{- $fields = index . 3 }}
{{- end }}
{{- $account := printf "system:serviceaccount:%s:" $root.Release.Namespace }}
{{- range splitList "\n---\n" ($root.Files.Get (index . 1) | replace "system:serviceaccount:redis-metrics-adapter:" $account) }}
{{- $object := fromYaml . }}
{{- $metadata := mergeOverwrite $object.metadata (dict "labels" (include "redis-metrics-adapter.labels" $root | fromYaml)) (deepCopy $more) }}
{{- if $metadata.namespace }}
{{- $_ := set $metadata "namespace" $root.Release.Namespace }}
{{- end }}
{{- with get $fields (printf "%s %s" $object.kind $metadata.name) }}
{{- $_ := mergeOverwrite $object . }}
{{- end }}
---
{{ toYaml $object }}
{{- end }}
{{- end }}
