// The numbers of Caffe's files.
#pragma once

#include <loaders/caffe/caffe.pb.h>

#include <map>
#include <memory>
#include <string>

#include "loaders/source/network.h"

namespace phosphene::caffe {

// As float32, in the message's memory where they are that already, in the shape that the blob states; one that states none has a single
// dimension. Doubles, and the raw bytes of NVIDIA's Caffe (of 2, 4 or 8 for a number: how long one is decides, since writers disagree
// about the numbers of types 0 and 1). Throws under `where` for another type, and for a shape of another size.
source::Constant numbers_of(const BlobProto& blob, std::shared_ptr<const google::protobuf::Message> owner,
                            const std::string& where);

// The blobs of a file's layers, of any form, by their names. Throws under the path where two layers of one name have some.
using BlobsByLayer = std::map<std::string, const google::protobuf::RepeatedPtrField<BlobProto>*>;
BlobsByLayer blobs_by_layer(const NetParameter& weights, const std::string& path);

}  // namespace phosphene::caffe
