//! The third lesson: why baselines and ceilings matter.
//!
//! Does: its texts and questions. Does not know: scores, runs.
//! Flow: **texts** → Learn view.

use super::lesson::{Answer, Lesson, Panel, Question, Step};

/// The lesson.
pub(super) const LESSON: Lesson = Lesson {
    key: "ceiling",
    title: "Why baselines and ceilings matter",
    learn: &[
        "Why a score means little without a simple rival beside it.",
        "Why measured cells do not agree perfectly with themselves.",
        "What \u{201c}close to the ceiling\u{201d} does and does not say.",
    ],
    minutes: 8,
    steps: &[
        Step {
            title: "Guess first",
            text: &[
                "The model was tested on measured cells that were held out of its training; in the shipped blood model, on the cytokine-treated cells of whole donors. Its score is Pearson-Δ: the correlation, over all genes, of the predicted effect with the measured one. 1 is perfect, 0 is no relation.",
                "Two others took the same test. PerturbMean is hardly a model: to a donor's control cells it adds the mean effect seen in the training donors. The ceiling is no prediction: it compares one half of the measured cells with the other half.",
                "Which of the three will have the highest score? Choose before you look.",
            ],
            panels: &[Panel::Guess],
            question: None,
        },
        Step {
            title: "Three scores side by side",
            text: &[
                "Here are the scores on the model's card. Look at more than one column: Pearson-Δ rewards getting the mean right; DES asks how many of the measured top genes are also found by a statistical test on the predicted cells, for which cells must vary as real cells do; MAE is the mean error per gene, where 0 is best.",
                "A simple rival that does well is good news about biology, for the response is much the same from donor to donor, and a warning about the score: it can be had without knowing anything about how this donor responds.",
            ],
            panels: &[Panel::Scores],
            question: Some(Question {
                key: "q7",
                words: "PerturbMean scores well on a donor whose response it never saw. What follows?",
                answers: &[
                    Answer {
                        words: "The model beside it is useless.",
                        why: "Not quite: PerturbMean predicts a mean effect only. A model that writes cells can do what it cannot, and other columns of the table may show it.",
                        right: false,
                    },
                    Answer {
                        words: "The measurement must be wrong.",
                        why: "Not quite: a shared response is what one expects when the same cytokine meets the same receptors in different people.",
                        right: false,
                    },
                    Answer {
                        words: "A high score here does not yet show that a model has learned something about this donor.",
                        why: "Right: the response is largely shared between donors. Only what goes beyond PerturbMean is the model's own merit.",
                        right: true,
                    },
                ],
            }),
        },
        Step {
            title: "Your own test",
            text: &[
                "Run the model now: control cells and perturbed cells. Each point is a gene: right is its measured effect, up its generated one. On the line y = x both are equal.",
                "The measured effects here come from the training donors, so the model has seen these cells. This is a fair picture of how well it fits them, not a test; for a test look at the held-out scores of the step before.",
            ],
            panels: &[Panel::Setup, Panel::Scatter],
            question: None,
        },
        Step {
            title: "Halves against halves",
            text: &[
                "All generated perturbed cells come from one model with one setting. Yet the effect in one half of them does not agree perfectly with the effect in the other half: a mean over few cells is noisy, and the noise of the two halves has nothing to do with each other.",
                "The curve shows this agreement for small and larger halves, over ten random ways to split. It rises with the number of cells. Measured cells behave the same way, and that is why the ceiling of a small group is low. The model comes with means of measured cells, not the cells, so their own curve cannot be drawn here; the ceiling on the card was computed from the cells.",
            ],
            panels: &[Panel::Halves],
            question: Some(Question {
                key: "q8",
                words: "Halves of 4 cells agree at 0.2, halves of 32 cells at 0.7. Why?",
                answers: &[
                    Answer {
                        words: "The means of 32 cells are less noisy.",
                        why: "Right: the effect is the same, but the noise on top of it shrinks with the number of cells, so two means of many cells look more alike.",
                        right: true,
                    },
                    Answer {
                        words: "The model gets better while it writes cells.",
                        why: "Not quite: the model does not learn while it writes. Every cell comes from the same weights.",
                        right: false,
                    },
                    Answer {
                        words: "Later cells are copies of earlier ones.",
                        why: "Not quite: every cell has random numbers of its own, and the halves share no cell.",
                        right: false,
                    },
                ],
            }),
        },
        Step {
            title: "Close to the ceiling",
            text: &[
                "The ceiling is about these measured cells. Half against half, both sides are noisy, and each has only half of the cells. A prediction is compared with all cells, and a mean over many cells has little noise of its own: it can pass the ceiling without being better than reality.",
                "If two halves agree at r, a prediction without noise could reach about √(2r / (1 + r)); the table shows this limit. It is an estimate from classical test theory, and it assumes that the noise of the halves is independent.",
                "Close to the ceiling means: with these cells, for this donor and this metric, one cannot tell the prediction from more measurement. It does not mean that the model is right about single cells, other donors, other cytokines or causes.",
            ],
            panels: &[Panel::Scores, Panel::Halves],
            question: Some(Question {
                key: "q9",
                words: "A model scores 0.80 where the ceiling is 0.78. What is the best reading?",
                answers: &[
                    Answer {
                        words: "It is better than reality, so something is broken.",
                        why: "Not quite: the ceiling compares two noisy halves. A prediction with less noise can pass it without any fault.",
                        right: false,
                    },
                    Answer {
                        words: "As far as these cells can tell, it is about as good as measuring again.",
                        why: "Right: by this metric, on this donor. Only more measured cells would raise the ceiling and separate good from better.",
                        right: true,
                    },
                    Answer {
                        words: "The model can be trusted for any donor and cytokine.",
                        why: "Not quite: a score is about the cells it was measured on. Other donors and other cytokines need a test of their own.",
                        right: false,
                    },
                ],
            }),
        },
    ],
};
