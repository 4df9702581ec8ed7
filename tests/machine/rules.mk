#: make guard-renew  measure anew what the guard compares guest instructions with
.PHONY: guard-renew
guard-renew: all
	@sh tests/machine/guard.sh run renew
