module tailrace.invalid/deps

go 1.24

require (
	github.com/duckdb/duckdb-go-bindings/lib/linux-amd64 v0.10505.0
	github.com/duckdb/duckdb-go-bindings/lib/linux-arm64 v0.10505.0
)
