//! The first lesson: how a cell is written.
//!
//! Does: its texts and questions. Does not know: runs.
//! Flow: **texts** → Learn view.

use super::lesson::{Answer, Lesson, Panel, Question, Step};

/// The lesson.
pub(super) const LESSON: Lesson = Lesson {
    key: "write",
    title: "How a cell is written",
    learn: &[
        "What a cell is to the model: one count for every gene.",
        "How masked genes become counts, a few at a time.",
        "Why the same model can write many different cells.",
    ],
    minutes: 8,
    steps: &[
        Step {
            title: "A cell is a list of counts",
            text: &[
                "Single-cell sequencing counts, for every gene, how many of its messenger RNA molecules were caught in one cell. Most counts are 0; a few genes have tens or hundreds. That list of counts is all that the model knows of a cell.",
                "To write a new cell the model starts with every gene masked: its count is unknown. Then it fills in genes in steps, until none is masked.",
                "Choose a cell type, a cytokine and the number of steps, and run it. This is the real model on your computer; it writes one cell and keeps every step.",
            ],
            panels: &[Panel::Setup],
            question: None,
        },
        Step {
            title: "From all masked to all known",
            text: &[
                "Each small square is one gene. Hatched squares are masked. A plain square has been revealed; the stronger its colour, the higher its count. Squares stand in the groups in which the network handles genes: drawn at random once, and kept.",
                "Move through the steps. Which genes are revealed in a step is decided by chance alone, not by how sure the model is. Early steps reveal few genes, late steps many: the more of the cell is known, the safer it is to fill in the rest.",
                "What is revealed stays: no later step changes it.",
            ],
            panels: &[Panel::Cell],
            question: Some(Question {
                key: "q1",
                words: "What does a hatched square say?",
                answers: &[
                    Answer {
                        words: "The gene's count is 0.",
                        why: "Not quite: 0 is a count like any other, and most revealed squares have it. Hatched means that no count has been chosen yet.",
                        right: false,
                    },
                    Answer {
                        words: "The gene's count has not been decided yet.",
                        why: "Right: masked means unknown. In the last step every gene gets a count, and for most that count is 0.",
                        right: true,
                    },
                    Answer {
                        words: "The gene is not used by this cell type.",
                        why: "Not quite: every gene of the model's panel is masked at first and revealed at some step, in every cell type.",
                        right: false,
                    },
                ],
            }),
        },
        Step {
            title: "Watch one gene",
            text: &[
                "Before every step the network reads the whole half-written cell, with its cell type, cytokine and library size, and gives each masked gene a probability for every possible count. The bars show these probabilities for one gene; they always add up to 100 %.",
                "As other genes are revealed, the bars may move: the model changes its mind about a gene because of what it now sees. Genes that say nothing about this one leave its bars where they are.",
                "When the gene's turn comes, one count is drawn at random. The draw is a number between 0 and 1, made before the first step: going up from count 0, the first count at which the bars add up to more than that number is written. The same seed gives the same draws, and so the same cell.",
            ],
            panels: &[Panel::Gene, Panel::Cell],
            question: Some(Question {
                key: "q2",
                words: "A gene has 70 % for count 0, 20 % for count 1 and 10 % for count 2. What will the model write?",
                answers: &[
                    Answer {
                        words: "0, because it is the most probable count.",
                        why: "Not quite: always taking the most probable count would leave most genes at 0 in every cell. The count is drawn at random.",
                        right: false,
                    },
                    Answer {
                        words: "0.4, the mean.",
                        why: "Not quite: 0.4 is the mean over many cells, but a single cell has whole molecules. Each cell gets one count, drawn at random.",
                        right: false,
                    },
                    Answer {
                        words: "One of them at random: over many cells, 0 in about 7 of 10.",
                        why: "Right: counts are drawn in proportion to their probabilities. This is how cells come to differ from one another as measured cells do.",
                        right: true,
                    },
                ],
            }),
        },
        Step {
            title: "Why not in one step?",
            text: &[
                "Genes revealed in the same step are drawn separately: none of them sees what the others became. Genes of later steps see everything that was revealed before.",
                "That matters because genes vary together. If a cell has one interferon-response gene high, others are likely to be high too. With a single step the model could not keep such genes in tune beyond what cell type, cytokine and library size say; with more steps it can, at the price of computing time. The paper uses three steps for cells under a condition.",
                "Run the lesson again with 8 or 64 steps, or with another seed, and compare.",
            ],
            panels: &[Panel::Setup, Panel::Cell],
            question: Some(Question {
                key: "q3",
                words: "Why does the model write a cell in several steps?",
                answers: &[
                    Answer {
                        words: "So that later genes can fit what earlier genes became.",
                        why: "Right: genes of one step are drawn without seeing one another, so only earlier steps can tell later ones about this particular cell.",
                        right: true,
                    },
                    Answer {
                        words: "Because genes switch on one after another in a living cell.",
                        why: "Not quite: steps are not time. The order is random and says nothing about when a gene acts.",
                        right: false,
                    },
                    Answer {
                        words: "Because it takes less computing than a single step.",
                        why: "Not quite: every step is one more pass through the network, so more steps take longer.",
                        right: false,
                    },
                ],
            }),
        },
        Step {
            title: "What to keep in mind",
            text: &[
                "A generated cell is one draw from what the model has learned, as a measured cell is one draw from a tissue. One cell shows how it works; it is never evidence. Look at many cells, with several seeds.",
                "How did the network learn its probabilities? In training a random share of the genes of measured cells was masked, and the network was corrected towards the counts that had been hidden. It knows what goes together in those cells. It knows neither molecules nor causes.",
                "The next lesson is about the cytokine's label, and how to make the model listen to it more.",
            ],
            panels: &[Panel::Cell],
            question: None,
        },
    ],
};
