//! Speaking to mail servers: how often, and what is said.

pub mod etiquette;
