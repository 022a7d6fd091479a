// Which side of a TLS connection we are.

#ifndef CAMNODE_SCP_WIRE_TLS_ROLE_H_
#define CAMNODE_SCP_WIRE_TLS_ROLE_H_

namespace camnode {

enum class TlsRole { kServer, kClient };

}  // namespace camnode

#endif  // CAMNODE_SCP_WIRE_TLS_ROLE_H_
