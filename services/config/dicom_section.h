// The DICOM part of the configuration: who we are, who may send, who receives.

#ifndef CAMNODE_SERVICES_CONFIG_DICOM_SECTION_H_
#define CAMNODE_SERVICES_CONFIG_DICOM_SECTION_H_

#include <vector>

#include "scp/settings/peer.h"
#include "services/config/config.h"
#include "services/config/section_reader.h"

namespace camnode {

// Each reads what is there and notes every mistake; see ConfigReader.
void ReadDicom(const ConfigReader& section, DicomConfig* dicom);
void ReadPeers(const ConfigReader& file, std::vector<Peer>* peers);
void ReadDestinations(const ConfigReader& file, std::vector<DestinationConfig>* destinations);
// Whether all that speaks TLS has what it needs for it.
void CheckTls(const ConfigReader& file, const Config& config);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CONFIG_DICOM_SECTION_H_
