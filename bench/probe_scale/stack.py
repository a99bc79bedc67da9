"""What Pilotlight stands in for: Debian's Prometheus, blackbox_exporter and Alertmanager."""

import json

from support import Alertmanager, Process, fetch, free_port

from measure import cpu_seconds, resident_mb


class Stack:
    """Probes the addresses by blackbox_exporter, judges by the rules, tells an Alertmanager."""

    def __init__(self, folder, addresses, interval, rules, alerting):
        self._blackbox_port, self._prometheus_port = free_port(), free_port()
        self._alertmanager = Alertmanager(folder, alerting)
        (folder / "blackbox.yml").write_text(json.dumps({"modules": {"http": {
            "prober": "http", "timeout": "5s", "http": {
                "valid_status_codes": [200], "preferred_ip_protocol": "ip4",
                "fail_if_body_not_matches_regexp": ['"status":\\s*"ok"']}}}}))
        (folder / "rules.yml").write_text(json.dumps(rules))
        (folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": interval, "scrape_timeout": "5s",
                       "evaluation_interval": interval},
            "rule_files": [str(folder / "rules.yml")],
            "alerting": {"alertmanagers": [{"static_configs": [
                {"targets": [self._alertmanager.url.removeprefix("http://")]}]}]},
            "scrape_configs": [{
                "job_name": "blackbox", "metrics_path": "/probe", "params": {"module": ["http"]},
                "static_configs": [{"targets": addresses}],
                "relabel_configs": [
                    {"source_labels": ["__address__"], "target_label": "__param_target"},
                    {"source_labels": ["__param_target"], "target_label": "target"},
                    {"target_label": "__address__",
                     "replacement": f"127.0.0.1:{self._blackbox_port}"}]}]}))
        self._blackbox = Process("blackbox_exporter", [
            "prometheus-blackbox-exporter", f"--config.file={folder}/blackbox.yml",
            f"--web.listen-address=127.0.0.1:{self._blackbox_port}", "--log.level=error"],
            folder / "blackbox.log")
        self._prometheus = Process("Prometheus", [
            "prometheus", f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{self._prometheus_port}", "--log.level=warn"],
            folder / "prometheus.log")

    def start(self):
        self._alertmanager.start()
        self._blackbox.start_until(lambda: _answers(self._blackbox_port, "/-/healthy"), 20,
                                   "blackbox_exporter to be healthy")
        self._prometheus.start_until(lambda: _answers(self._prometheus_port, "/-/ready"), 60,
                                     "Prometheus to be ready")

    def stop(self):
        self._prometheus.stop(limit=60)
        self._blackbox.kill()
        self._alertmanager.stop()

    def parts(self):
        """The processes by name."""
        return {"prometheus": self._prometheus.pid, "blackbox_exporter": self._blackbox.pid,
                "alertmanager": self._alertmanager.pid}

    def cpu(self):
        return sum(cpu_seconds(pid) for pid in self.parts().values())

    def mb(self):
        return sum(resident_mb(pid) for pid in self.parts().values())


def _answers(port, path):
    try:
        return fetch(f"http://127.0.0.1:{port}{path}", limit=2).status == 200
    except OSError:
        return False
