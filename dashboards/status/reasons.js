// Why a probe failed, in words for those who do not know the reason's name.

const WORDS = {
  refused: 'The machine answers, but nothing listens on that port.',
  timeout: 'No answer came in time.',
  unreachable: 'No way leads to the machine: it is off, or a network in between is.',
  reset: 'The connection was cut off.',
  closed: 'The connection was closed before the answer was whole.',
  nxdomain: 'The name does not exist.',
  no_addresses: 'The name exists, but has no address of the wanted kind.',
  server_failure: 'The name servers of the name fail.',
  certificate_expired: 'The certificate is past its end.',
  certificate_not_yet_valid: 'The certificate is not valid yet.',
  certificate_name_mismatch: 'The certificate is for another name.',
  certificate_self_signed: 'The certificate is signed by itself; nobody vouches for it.',
  certificate_untrusted: 'No authority that is trusted here vouches for the certificate.',
  certificate_revoked: 'The certificate was revoked.',
  not_tls: 'What answers there does not speak TLS.',
  handshake: 'The two could not agree on how to speak TLS.',
  status: 'It answered with a status that is not accepted.',
  body_regexp: 'The body does not say what it should.',
  header_regexp: 'A header does not say what it should.',
  body_too_large: 'The body is larger than it may be.',
  too_many_redirects: 'It redirects without end.',
  wrong_password: 'The password is not accepted.',
  resolver_unreachable: 'The name servers of this machine do not answer.',
  resolver_refuses: 'The name servers of this machine refuse to answer.',
  network_unreachable: 'No route leads there from this machine.',
  no_descriptors: 'Pilotlight may open no more files or connections.',
  no_local_ports: 'This machine has no free port left.',
  no_memory: 'This machine has no memory left.',
  no_permission: 'This machine does not allow Pilotlight to ask.',
  stalled: 'Pilotlight did not get to run while the probe waited.',
  suspended: 'This machine was asleep while the probe waited.',
  late: 'Pilotlight began the probe too late.',
};

/** "" where there are no better words than the reason itself. */
export function inWords(reason) {
  return WORDS[reason] || '';
}
