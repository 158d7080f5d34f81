"""The person pipeline: stages that each read and write the files of one folder, and what people decide about them."""
