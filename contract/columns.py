"""Names of the columns of a question row, and the values of its role, modality and format."""

ROLES = ("forget", "retain", "neighbour", "holdout")
"""What a row's subject is for; the class labels of `role`, in order."""

MODALITIES = ("image_text", "text")
"""Whether a question comes with pictures; the class labels of `modality`, in order."""

MODALITY_CHOICES = (*MODALITIES, "both")
"""What an option that selects rows by modality accepts."""

FORMATS = ("generation", "multiple_choice", "cloze")
"""How a question is put; the class labels of `format`, in order."""

QUESTION_COLUMNS = {
    "id": "stable across versions unless the row changed",
    "profile_id": "key into config `profiles`",
    "task_id": "place in the sequence of requests, from 0; -1 = never asked to be forgotten",
    "retain_task_id": "the task whose released retain set holds the row; -1 = none",
    "role": "forget, retain, neighbour or holdout in the full sequence; within a config the split decides",
    "modality": "image_text or text",
    "format": "generation, multiple_choice or cloze",
    "attribute": "the field asked for; key into config `candidates`",
    "hops": "steps to the fact; 1 = the question names or shows the subject",
    "images": "the pictures; `[]` for text rows",
    "views": "how each picture shows the subject",
    "question": "what is asked; choices stand in `options`",
    "answer": "the true answer; of multiple choice the text of the right option",
    "keywords": "the parts of the answer that carry the fact",
    "options": "multiple choice only, else `[]`",
    "correct": "index into `options`, else -1",
    "paraphrases": "other correct sentences for an answer that is one; `[]` for a bare value",
    "perturbed": "wrong answers in the form of the answer, none of them true for this subject",
    "cloze_prompt": "the beginning of a sentence that the value continues: `Ana Reis lives at`; empty if there is none",
}
"""Column of a question row -> its meaning, as dataset cards print it; benchmarks add examples of their own."""
