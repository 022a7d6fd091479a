// ResNet (He et al., 2015), as in torchvision.

#ifndef CAMNODE_CORE_INFERENCE_NETWORKS_RESNET_H_
#define CAMNODE_CORE_INFERENCE_NETWORKS_RESNET_H_

#include <cstdint>
#include <memory>

#include "core/inference/networks/network.h"

namespace camnode {

// Features end with `layer4`.
std::shared_ptr<Network> MakeResNet18(int64_t outputs);
std::shared_ptr<Network> MakeResNet34(int64_t outputs);
std::shared_ptr<Network> MakeResNet50(int64_t outputs);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_NETWORKS_RESNET_H_
