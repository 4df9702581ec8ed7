#: make model      the protocols under a model checker, and wrong versions of them (docs/model.md)
MODEL_JOBS ?= $(shell nproc)
.PHONY: model
model:
	@BUILD=$(BUILD) MODEL_JOBS=$(MODEL_JOBS) model/check long
