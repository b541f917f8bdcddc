//! The second lesson: what guidance does.
//!
//! Does: its texts and questions. Does not know: runs.
//! Flow: **texts** → Learn view.

use super::lesson::{Answer, Lesson, Panel, Question, Step};

/// The lesson.
pub(super) const LESSON: Lesson = Lesson {
    key: "guide",
    title: "What guidance does",
    learn: &[
        "What the guidance scale w changes, and what it does not.",
        "How effect size and spread of the cells answer to it.",
        "Why a stronger effect is not a better prediction.",
    ],
    minutes: 7,
    steps: &[
        Step {
            title: "One network, asked twice",
            text: &[
                "The model is told what to write by labels: a cell type, and a cytokine or none. It can be asked about the same half-written cell twice, once with the cytokine's label and once with the control's. Where the two answers differ, the cytokine matters.",
                "Guidance starts at the control's answer and goes w + 1 times as far as the cytokine's: answer = control + (w + 1) × (cytokine − control), on the scale of logarithms. So w = 0 is simply the answer with the cytokine's label, and w = 3, the paper's setting for cytokines, goes four times as far.",
                "Without an end that would write impossible cells: a gene that a cytokine raises 30-fold would be raised 800,000-fold. So here guidance adds at most a doubling: small effects grow by the formula, and no gene's mean goes past twice its value at w = 0.",
                "Run it: control cells once, then perturbed cells of the same seed at each scale.",
            ],
            panels: &[Panel::Setup],
            question: None,
        },
        Step {
            title: "Effects grow",
            text: &[
                "The effect of a cytokine on a gene is the mean in perturbed cells minus the mean in control cells, of log-normalised expression. The lesson follows the genes that respond most in the measured cells of this type, where such cells were measured.",
                "The flat line is what was measured; the other line is what the model wrote at each scale. Choose a gene to see its cells. Few cells make noisy means: run more cells if the lines jump.",
            ],
            panels: &[Panel::Effects],
            question: Some(Question {
                key: "q4",
                words: "What does w = 0 mean?",
                answers: &[
                    Answer {
                        words: "Cells without the cytokine.",
                        why: "Not quite: those are the control cells. At w = 0 the cytokine's label is in force, once and without exaggeration.",
                        right: false,
                    },
                    Answer {
                        words: "The model's own answer to the cytokine's label, not exaggerated.",
                        why: "Right: with w = 0 the formula gives exactly the answer with the cytokine's label.",
                        right: true,
                    },
                    Answer {
                        words: "The model ignores all labels.",
                        why: "Not quite: ignoring the cytokine would be w = −1, where the paper's formula gives the control's answer. Cell type and library size are in force at every w.",
                        right: false,
                    },
                ],
            }),
        },
        Step {
            title: "The right genes, the right size",
            text: &[
                "Two numbers compare a generated effect with a measured one. Agreement is their correlation over all genes: are the same genes up and down, in the same proportions? Size is the slope over the genes that respond most: 1 is as strong as measured, 2 twice as strong.",
                "Correlation does not see size: an effect twice too strong in every gene still has a correlation of 1. Read both. A size far above 1 is an overshoot.",
            ],
            panels: &[Panel::Effects],
            question: Some(Question {
                key: "q5",
                words: "At some w the agreement is 0.9 and the size is 2. What is true?",
                answers: &[
                    Answer {
                        words: "Mostly the right genes move, but about twice too far.",
                        why: "Right: agreement says that the pattern fits, size says that the strength does not. You would misjudge fold changes.",
                        right: true,
                    },
                    Answer {
                        words: "The prediction is almost perfect, because 0.9 is close to 1.",
                        why: "Not quite: a correlation stays the same when every effect is doubled. It cannot tell you about strength.",
                        right: false,
                    },
                    Answer {
                        words: "The model wrote cells of another type.",
                        why: "Not quite: both numbers are about the difference between perturbed and control cells, and the pattern fits well. Only the strength is off.",
                        right: false,
                    },
                ],
            }),
        },
        Step {
            title: "What happens to the spread",
            text: &[
                "Real cells under the same cytokine differ from one another. Spread is how far cells lie from their mean: the root of the mean squared distance over all genes. Guidance pushes probabilities towards what is typical of the cytokine, which often makes cells more alike; pushed too far, genes are driven to counts that measured cells rarely have, and the spread can grow again.",
                "Look at what it did in your run. The cells of all scales share their random draws, so that differences between scales come from w and from nothing else.",
            ],
            panels: &[Panel::Spread],
            question: Some(Question {
                key: "q6",
                words: "How should w be chosen?",
                answers: &[
                    Answer {
                        words: "As large as possible: the marker genes are then seen best.",
                        why: "Not quite: the effect can always be made larger. A clear picture of the wrong strength is still wrong.",
                        right: false,
                    },
                    Answer {
                        words: "Always 0: everything else is invented.",
                        why: "Not quite: a network trained on few perturbed cells may answer too weakly, and some guidance then comes nearer to measured cells. It has to be tested, not believed.",
                        right: false,
                    },
                    Answer {
                        words: "By comparing with measured cells that were set aside for this choice.",
                        why: "Right: w is a setting like any other. Choose it on cells that neither trained the model nor will be used for its final score.",
                        right: true,
                    },
                ],
            }),
        },
        Step {
            title: "What to keep in mind",
            text: &[
                "Guidance is a dial for how strongly a label is followed. It adds no knowledge: where the two answers do not differ, no w makes them differ.",
                "A result is only complete with its w. Wellplate writes w into every export, and marks the setting at which the model's own scores were measured.",
                "The last lesson asks how good such predictions are, and good compared with what.",
            ],
            panels: &[Panel::Effects],
            question: None,
        },
    ],
};
