# Boots and simulations by the hundred, spread by GNU parallel.

.PHONY: campaign soak

CAMPAIGN_SEED  ?= 1
CAMPAIGN_SEEDS ?= 1
#: make campaign   machines x ways x sizes x seeds; CAMPAIGN_SSH=host,host spreads them, and a
#:                 second call goes on where the first was interrupted (docs/assurance.md)
campaign: all
	@tests/campaign/run $(BUILD)/campaign-$(CAMPAIGN_SEED)-$(CAMPAIGN_SEEDS) matrix $(CAMPAIGN_SEED) \
	  $(CAMPAIGN_SEEDS)

SOAK_BOOTS ?= 1000
SOAK_SEED  ?= 1
#: make soak       SOAK_BOOTS=1000 boots at random by SOAK_SEED=1; a campaign as well
soak: all
	@tests/campaign/run $(BUILD)/soak-$(SOAK_SEED)-$(SOAK_BOOTS) soak $(SOAK_SEED) $(SOAK_BOOTS)
