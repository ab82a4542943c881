#pragma once

#include <vector>

#include "properties/interop/ask.h"

#include <rapidcheck.h>

namespace tickover::interop {

/// What a client may say in a row: valid, odd and hostile. Most begin by learning the nonce.
rc::Gen<std::vector<Ask>> conversations();

}  // namespace tickover::interop
