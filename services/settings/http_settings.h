// What the operator may set of the HTTP server: section `http` of the configuration.

#ifndef CAMNODE_SERVICES_SETTINGS_HTTP_SETTINGS_H_
#define CAMNODE_SERVICES_SETTINGS_HTTP_SETTINGS_H_

#include <string>

namespace camnode {

struct HttpSettings {
  std::string address = "127.0.0.1";
  int port = 8080;        // 0: any free one; -1: no server.
  bool insecure = false;  // Allows an address other than loopback, without TLS.
};

// The options that are no texts, but `insecure`, which belongs to the address.
template <typename Reader>
void ReadOptions(Reader&& reader, HttpSettings* settings) {
  reader.Read("port", -1, 65535, &settings->port);
}

}  // namespace camnode

#endif  // CAMNODE_SERVICES_SETTINGS_HTTP_SETTINGS_H_
