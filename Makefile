# Everything that people and CI do here. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

MVN := mvn --batch-mode --no-transfer-progress

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo demo-down
demo: ## Set up everything on this machine and run a real lab
	hack/demo.sh up

demo-down: ## Remove everything that make demo made
	hack/demo.sh down

.PHONY: test test-all
test: ## Set up everything and run all layers of tests, as CI does (under 40 minutes on 2 cores)
	hack/test.sh unit it e2e

test-all: ## The same and the longer suites
	hack/test.sh unit it-all e2e-all image

.PHONY: test-unit test-it test-e2e test-image test-faults
test-unit: ## Unit tests, formatting, package directions, generated files, shellcheck
	hack/test.sh unit

test-it: ## The operator on a real API server with libvirt's test driver
	hack/test.sh it

test-e2e: ## The operator with real guests
	hack/test.sh e2e

test-image: ## The operator's container image and chart, with real guests
	hack/test.sh image

test-faults: ## A lab in use that is broken in every way, into docs/reliability.md (FAULTS=NAME,... chooses)
	hack/test.sh faults

.PHONY: simulate
SEEDS ?= 20000
simulate: ## Let SEEDS simulated labs live, with everything that can happen to them (docs/simulator.md)
	$(MVN) -q test -Dsurefire.excluded=none -Dtest='SimulatorTest' -Dseeds=$(SEEDS)

.PHONY: bench-bringup
bench-bringup: ## Time from apply to Ready as a ratio to the floor, into docs/performance.md
	hack/bench.sh

.PHONY: operator-image
operator-image: ## Build the operator's container image from Debian packages, into target/container and podman
	hack/install-deps.sh container
	$(MVN) -DskipTests package
	container/build.sh

.PHONY: build image generate format
build: ## Compile and package the operator
	$(MVN) -DskipTests package

image: ## Build the guest image
	image/build.sh

generate: ## Write what is generated from the code: crds/, docs/reference.md, tables in docs/status.md, the chart's copies
	$(MVN) test -Dgenerate=true -Dtest=GeneratedFilesTest
	$(MVN) test -Dgenerate=true -Dtest=HelmChartTest

format: ## Format the Java sources
	$(MVN) spotless:apply

.PHONY: dev dev-up dev-down
dev: dev-up ## Run the operator from its sources on that stand, with what is edited taken over (Quarkus dev mode)
	hack/operator.sh manifests
	KUBECONFIG="$$(hack/control-plane.sh operator-kubeconfig)" $(MVN) quarkus:dev

dev-up: ## Start a control plane and a libvirt to develop against
	hack/install-deps.sh
	hack/control-plane.sh up
	hack/libvirt.sh up --name dev

dev-down: ## Stop them
	hack/libvirt.sh down --name dev
	hack/control-plane.sh down

.PHONY: clean
clean: ## Remove what Maven built
	$(MVN) clean
