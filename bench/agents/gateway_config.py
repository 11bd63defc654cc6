"""The configuration that a person writes by hand for a gateway with the bench's model, instead of an onboarding."""


def minimal(model_url):
    """Returns openclaw.json with nothing but the model, the address and the endpoint that the bench calls. Its top-level keys leave
    the home volume `pristine` for OpenClaw, so the first boot looks for no data of earlier versions. The token is in the environment."""
    return {
        "gateway": {
            "mode": "local",
            "bind": "lan",
            "auth": {"mode": "token"},
            "http": {"endpoints": {"responses": {"enabled": True}}},
        },
        "agents": {"defaults": {"model": {"primary": "custom/demo"}}},
        "models": {
            "providers": {
                "custom": {
                    "baseUrl": model_url,
                    "api": "openai-completions",
                    "apiKey": "none",
                    "models": [{"id": "demo", "name": "demo"}],
                }
            }
        },
    }
