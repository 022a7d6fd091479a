#include "core/training/dataset.h"
