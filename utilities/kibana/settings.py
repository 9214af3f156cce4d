"""Where Kibana is, and who loads its objects."""

from pathlib import Path

from pydantic import SecretStr

from config.settings import Host, Port, Settings


class KibanaSettings(Settings):
    """The Kibana of docker-compose.yml, or one of your own before the same Elasticsearch."""

    kibana_host: Host = "127.0.0.1"
    """Where `./millrace kibana` loads dashboards."""
    kibana_port: Port = 5601
    kibana_tls: bool = False
    """Talk to Kibana by HTTPS."""
    kibana_ca_file: Path | None = None
    """With KIBANA_TLS: PEM file of the authority that signed the server's certificate; default: the system's."""
    elasticsearch_analyst_user: str = "analyst"
    elasticsearch_analyst_password: SecretStr

    @property
    def kibana_url(self) -> str:
        """The address, without a path."""
        scheme = "https" if self.kibana_tls else "http"
        return f"{scheme}://{self.kibana_host}:{self.kibana_port}"
