// What a model card says whatever the figures are.

#ifndef CAMNODE_CORE_TRAINING_REPORT_MODEL_CARD_TEXT_H_
#define CAMNODE_CORE_TRAINING_REPORT_MODEL_CARD_TEXT_H_

namespace camnode {

inline constexpr char kModelCardOpening[] =
    R"(<!-- Made by camnode-lab model-card from a report of camnode-lab evaluate: change the manifests,
the recipes or the program, not this file. -->

# Models

One folder a model and version: `NAME/VERSION/manifest.textproto` and the weights it names. The
manifest says what the network is, how films are prepared for it, the threshold, and whom it was made
for; its fields are explained in `proto/camnode/model/v1/manifest.proto`. camnode checks the weights'
SHA-256 when it starts, and writes it into every object it makes.

**Research only, not for diagnosis.** Nobody has measured these networks in care of any kind. The figures
below are of films like those they were trained with: of other hospitals, devices and ages they say nothing.

)";

inline constexpr char kModelCardEnding[] = R"(
Films from outside the ages that a manifest names are flagged, as are films unlike the training films where
a folder has an outlier file (`camnode-lab fit-outliers`; what it finds is in `core/inference/README.md`).

## Thresholds, probabilities, precision

* **Threshold.** A film is positive if its probability, rounded to 1e-4, is at least the threshold. The rule by which
  it was chosen is in `core/training/figures/thresholds.h` (`ShippedThreshold`) and was fixed before the networks were
  trained; `threshold_set_id` names the choice in every result. `ensemble/` holds the threshold on the mean of
  several models' probabilities, one file for each set of them.
* **Probability.** Calibrated (Platt scaling) where the manifest has a `calibration`; otherwise the sigmoid
  of the network's logit. Calibration error: the mean distance between probability and share of positive films;
  `report.html` says how much of it is noise.
* **Precision.** Weights stored as float16 keep batch-norm statistics and the classifier in float32. Figures are
  of float32 computation; `precision_checks` in a manifest say what another precision changes.

## Making these figures again

    camnode-lab evaluate --model DIR [--model DIR ...] --data FOLDER --split NAME --report OUT
    camnode-lab model-card --report OUT/report.json --output deploy/models/README.md

The same films, models, seed, threads and instruction set give the same numbers; on another machine the AUC
agrees to 1e-4. `recipe.textproto` in a model's folder is what `camnode-lab train` was given to make it.

## Source and licence

Weights in these folders were made for this project and are licensed
[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/). The films were those of Kermany, Zhang, Goldbaum
(Mendeley Data, 10.17632/rscbjbr9sj, CC BY 4.0; Kermany et al., *Identifying Medical Diagnoses and Treatable Diseases
by Image-Based Deep Learning*, Cell 2018).

## Adding one

Trained here: write a recipe (`proto/camnode/training/v1/recipe.proto`), run `camnode-lab train`, then
`camnode-lab calibrate --output deploy/models`; see their `--help`.
A checkpoint of a known architecture with torchvision's parameter names becomes a folder by

    camnode-lab import-checkpoint --architecture resnet18 --output deploy/models/resnet18/2 \
        --version 2 --threshold 0.31 --threshold-set mine-2 FILE.pth

(see `--help` for what else the manifest can say). Name it in `camnode.textproto`, evaluate it, and measure what
chance gives of its maps' agreement with the others', the models in the order of the workflow:

    camnode-lab agreement-null --output deploy/models --model deploy/models/resnet18/2 \
        --model deploy/models/efficientnet_b0/1 --model deploy/models/densenet121/1 FILMS...

`agreement/` holds the results, one file for each set of models (`proto/camnode/model/v1/agreement_null.proto`). A
folder that has produced results is never changed: a new threshold or new weights are a new version, and
`resnet18` without a version means the highest.
)";

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_REPORT_MODEL_CARD_TEXT_H_
