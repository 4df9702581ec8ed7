#: make model      the protocols under a model checker, and wrong versions of them (docs/model.md)
.PHONY: model
model:
	@BUILD=$(BUILD) model/check long
