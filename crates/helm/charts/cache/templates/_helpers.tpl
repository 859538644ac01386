{{- define "cache.name" -}}
{{- printf "%s-cache" .Release.Name | trunc 63 -}}
{{- end -}}

{{- define "cache.labels" -}}
app.kubernetes.io/name: cache
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "cache.password" -}}
{{- $kept := lookup "v1" "Secret" .Release.Namespace (include "cache.name" .) -}}
{{- if .Values.auth.password -}}
{{- .Values.auth.password | b64enc -}}
{{- else if $kept -}}
{{- index $kept.data "password" -}}
{{- else -}}
{{- randAlphaNum 16 | b64enc -}}
{{- end -}}
{{- end -}}
