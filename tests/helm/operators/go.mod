module ordercast/tests/helm/operators

go 1.24

require (
	github.com/cloudnative-pg/cloudnative-pg v1.27.0
	github.com/kedacore/keda/v2 v2.21.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
)
