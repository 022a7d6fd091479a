// DenseNet (Huang et al., 2016), as in torchvision.

#ifndef CAMNODE_CORE_INFERENCE_NETWORKS_DENSENET_H_
#define CAMNODE_CORE_INFERENCE_NETWORKS_DENSENET_H_

#include <cstdint>
#include <memory>

#include "core/inference/networks/network.h"

namespace camnode {

// Features end with `norm5`, before the last ReLU, which belongs to the head.
std::shared_ptr<Network> MakeDenseNet121(int64_t outputs);
std::shared_ptr<Network> MakeDenseNet169(int64_t outputs);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_NETWORKS_DENSENET_H_
