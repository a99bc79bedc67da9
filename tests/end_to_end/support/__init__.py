"""What the end-to-end tests are made of. Standard library only; everything on loopback."""

from .alertmanager import Alertmanager
from .amtool import Amtool, SendingPrometheus
from .application import App
from .browser import Browser
from .case import EndToEndTest
from .certificates import Authority
from .configuration import (FAST, alerting, as_text, http_target, main_file, rule, rule_file,
                            shortened, target)
from .daemon import ROOT, Daemon, binary, clean_environment, pilotlight
from .databases import Postgres, Redis
from .exposition import Metrics
from .grafana import Dashboard
from .http import HttpServer, Request, fetch
from .mail import MailServer
from .ports import free_port
from .process import Process, tail
from .prometheus import Prometheus, promtool
from .receivers import PagerDuty, Slack, text_of
from .services import (AlertmanagerMember, Discord, Opsgenie, SlackBot, Teams, Telegram, Webhook)
from .site import Backups, Site
from .waiting import PATIENCE, wait_until
